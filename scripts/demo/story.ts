import type { Consumer } from './consumer.ts'
import type { Shown } from './stage.ts'
import type { Truth } from './truth.ts'

/** One run of a workflow, and what must be true after it. */
export interface Chapter {
  title: string
  workflow: 'deploy.yml' | 'rollback.yml'
  event: 'push' | 'workflow_dispatch'
  ref: 'main' | 'prod'
  environment: 'staging' | 'production'
  expected: 'success' | 'failure'
  /** What the team does before: commits and merges. */
  prepare?(consumer: Consumer): void
  inputs?(memory: Memory): Record<string, string>
  /** Returns what is wrong, in words; nothing when all is as it should be. */
  verify(shown: Shown, truth: Truth, memory: Memory): Promise<string[]>
}

/** Digests and levels of earlier chapters, by name. */
export type Memory = Record<string, string>

const writes = ['ecs:UpdateService', 'ecs:RunTask', 'ecs:RegisterTaskDefinition', 'ecr:PutImage', 'ssm:PutParameter']

export const story: Chapter[] = [
  {
    title: 'A push to main reaches staging',
    workflow: 'deploy.yml',
    event: 'push',
    ref: 'main',
    environment: 'staging',
    expected: 'success',
    async verify(shown, truth, memory) {
      memory.first = shown.digest
      return [
        ...wrong('verdict', shown.verdict, 'completed'),
        ...wrong('digest in service', await truth.serving('staging'), [shown.digest]),
        ...wrong('release on record', await truth.released('staging'), shown.digest),
        ...wrong('tag staging', await truth.tagged('staging'), shown.digest),
        ...(shown.schemaLevel.startsWith('2.')
          ? []
          : [`schema level is ${shown.schemaLevel}, not one of 2 migrations`]),
        ...wrong('migration tasks', shown.apiCalls['ecs:RunTask'], 1),
        ...((shown.apiCalls['registry:PUT upload'] ?? 0) > 0 ? [] : ['no blob was uploaded']),
      ]
    },
  },
  {
    title: 'The merge to prod ships the same bytes to production',
    workflow: 'deploy.yml',
    event: 'push',
    ref: 'prod',
    environment: 'production',
    expected: 'success',
    prepare: (consumer) => void consumer.merge('main', 'prod'),
    async verify(shown, truth, memory) {
      return [
        ...wrong('verdict', shown.verdict, 'completed'),
        ...wrong('digest', shown.digest, memory.first),
        ...wrong('built', shown.built, 'false'),
        ...wrong('digest in service', await truth.serving('production'), [memory.first!]),
        ...wrong('release on record', await truth.released('production'), memory.first),
        ...wrong('tag prod', await truth.tagged('prod'), memory.first),
        ...wrong('blobs uploaded', shown.apiCalls['registry:PUT upload'] ?? 0, 0),
      ]
    },
  },
  {
    title: 'A release with a new migration reaches staging',
    workflow: 'deploy.yml',
    event: 'push',
    ref: 'main',
    environment: 'staging',
    expected: 'success',
    prepare: (consumer) =>
      void consumer.commit('main', 'Remember who is greeted', (files) => {
        files.edit('src/server.js', (text) => text.replace("version = '1'", "version = '2'"))
        files.add('migrations/003_add_name.sql', 'ALTER TABLE greeting ADD COLUMN name TEXT;\n')
      }),
    async verify(shown, truth, memory) {
      memory.second = shown.digest
      memory.secondLevel = shown.schemaLevel
      return [
        ...wrong('verdict', shown.verdict, 'completed'),
        ...wrong('digest in service', await truth.serving('staging'), [shown.digest]),
        ...wrong('release on record', await truth.released('staging'), shown.digest),
        ...(shown.schemaLevel.startsWith('3.')
          ? []
          : [`schema level is ${shown.schemaLevel}, not one of 3 migrations`]),
      ]
    },
  },
  {
    title: 'It reaches production: the same digest, one new migration',
    workflow: 'deploy.yml',
    event: 'push',
    ref: 'prod',
    environment: 'production',
    expected: 'success',
    prepare: (consumer) => void consumer.merge('main', 'prod'),
    async verify(shown, truth, memory) {
      return [
        ...wrong('verdict', shown.verdict, 'completed'),
        ...wrong('digest', shown.digest, memory.second),
        ...wrong('built', shown.built, 'false'),
        ...wrong('digest in service', await truth.serving('production'), [memory.second!]),
        ...wrong('release on record', await truth.released('production'), memory.second),
        ...wrong('migration tasks', shown.apiCalls['ecs:RunTask'], 1),
        ...wrong('schema level', shown.schemaLevel, memory.secondLevel),
        ...wrong('tag prod-previous', await truth.tagged('prod-previous'), memory.first),
        ...(shown.log.includes('003_add_name.sql') ? [] : ['the log does not name the new migration 003_add_name.sql']),
      ]
    },
  },
  {
    title: 'A hotfix whose tasks crash is rolled back by ECS, and the run says so',
    workflow: 'deploy.yml',
    event: 'push',
    ref: 'prod',
    environment: 'production',
    expected: 'failure',
    prepare: (consumer) =>
      void consumer.commit('prod', 'Hurry', (files) => {
        files.edit('src/server.js', (text) => text.replace("version = '2'", "version = '3'"))
        // The stage reads how a task behaves from its image; on AWS the code itself would crash.
        files.edit('Dockerfile', (text) => text.replace('USER node', 'LABEL stage.behaviour=crash\nUSER node'))
      }),
    async verify(shown, truth, memory) {
      return [
        ...wrong('verdict', shown.verdict, 'rolled-back'),
        ...wrong('digest in service', await truth.serving('production'), [memory.second!]),
        ...wrong('release on record', await truth.released('production'), memory.second),
        ...wrong('tag prod', await truth.tagged('prod'), memory.second),
        ...(shown.log.includes('cannot read properties of undefined')
          ? []
          : ["the log lacks the crashing container's last lines"]),
        ...(shown.log.includes('Essential container in task exited')
          ? []
          : ['the log lacks the stop reason of the tasks']),
      ]
    },
  },
  {
    title: 'A rollback across the migration is refused, and nothing changes',
    workflow: 'rollback.yml',
    event: 'workflow_dispatch',
    ref: 'prod',
    environment: 'production',
    expected: 'failure',
    inputs: (memory) => ({
      environment: 'production',
      priority: 'high',
      to: memory.first!,
      reason: 'version 2 is slow',
    }),
    async verify(shown, truth, memory) {
      return [
        ...writes.flatMap((call) => wrong(call, shown.apiCalls[call] ?? 0, 0)),
        ...wrong('digest in service', await truth.serving('production'), [memory.second!]),
        ...wrong('release on record', await truth.released('production'), memory.second),
        ...wrong('record', await truth.record('production'), memory.record),
        ...(shown.log.includes('003_add_name.sql') ? [] : ['the refusal does not name the migration in between']),
      ]
    },
  },
  {
    title: 'A release without a migration reaches production',
    workflow: 'deploy.yml',
    event: 'push',
    ref: 'prod',
    environment: 'production',
    expected: 'success',
    prepare: (consumer) =>
      void consumer.commit('prod', 'Greet in version 4', (files) => {
        files.edit('src/server.js', (text) => text.replace("version = '3'", "version = '4'"))
        files.edit('Dockerfile', (text) => text.replace('LABEL stage.behaviour=crash\n', ''))
      }),
    async verify(shown, truth, memory) {
      memory.fourth = shown.digest
      return [
        ...wrong('verdict', shown.verdict, 'completed'),
        ...wrong('digest in service', await truth.serving('production'), [shown.digest]),
        ...wrong('release on record', await truth.released('production'), shown.digest),
        ...wrong('migration tasks', shown.apiCalls['ecs:RunTask'] ?? 0, 0),
        ...(shown.digest === memory.second ? ['the digest did not change'] : []),
      ]
    },
  },
  {
    title: 'A rollback within the level brings the previous release back',
    workflow: 'rollback.yml',
    event: 'workflow_dispatch',
    ref: 'prod',
    environment: 'production',
    expected: 'success',
    inputs: () => ({ environment: 'production', priority: 'panic', to: 'previous', reason: 'greets the wrong people' }),
    async verify(shown, truth, memory) {
      return [
        ...wrong('verdict', shown.verdict, 'completed'),
        ...wrong('digest in service', await truth.serving('production'), [memory.second!]),
        ...wrong('release on record', await truth.released('production'), memory.second),
        ...wrong('tag prod', await truth.tagged('prod'), memory.second),
        ...wrong('images built or pushed', shown.apiCalls['registry:PUT upload'] ?? 0, 0),
      ]
    },
  },
  {
    title: 'The environment is frozen: the bad release does not come back by itself',
    workflow: 'deploy.yml',
    event: 'push',
    ref: 'prod',
    environment: 'production',
    expected: 'failure',
    async verify(shown, truth, memory) {
      return [
        ...wrong('deployments', shown.apiCalls['ecs:UpdateService'] ?? 0, 0),
        ...wrong('digest in service', await truth.serving('production'), [memory.second!]),
        ...wrong('release on record', await truth.released('production'), memory.second),
        ...(shown.log.includes('greets the wrong people')
          ? []
          : ['the refusal does not say why the environment is frozen']),
      ]
    },
  },
]

function wrong(what: string, seen: unknown, wanted: unknown): string[] {
  return JSON.stringify(seen) === JSON.stringify(wanted) ? [] : [`${what} is ${text(seen)}, not ${text(wanted)}`]
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'not there')
}
