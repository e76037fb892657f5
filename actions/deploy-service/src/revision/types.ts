import type { Service } from '@aws-sdk/client-ecs'
import type { ImageRef } from '@deploy-actions/ecr'
import type { Difference, FetchedTaskDefinition, ReleaseImage, TaskDefinitionInput } from '@deploy-actions/ecs'

/** One service on its way: what it was when we came. */
export interface FoundService {
  name: string
  service: Service
  /** ARN of what it runs, or is about to run. */
  runs: string
}

/** What one service is to run, beside what it runs. */
export interface Wanted {
  target: FoundService
  running: TaskDefinitionInput
  definition: TaskDefinitionInput
  changes: Difference[]
  /**
   * Images named by a tag, where nothing else changes: only a forced deployment makes ECS look up what they name
   * now.
   */
  byTag: ImageRef[]
  /** The revision that the input `task-definition` names, which is reused however old it is. */
  named: FetchedTaskDefinition | undefined
  /** The running revision was deregistered: ECS starts no deployment of it any more. */
  inactive: boolean
  /** What the release is about, before and after. */
  imageBefore: ReleaseImage
  image: ReleaseImage
}

/** The revision of the task definition that a service gets. */
export interface Revision {
  arn: string
  familyRevision: string
  registered: boolean
}
