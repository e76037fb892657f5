/** A repository at one commit, as files on this machine. */
export interface Source {
  /** `owner/name` */
  repository: string
  /** `refs/heads/main`, or what follows the `@` of a reference. */
  ref: string
  sha: string
  /** The tree of that commit. */
  directory: string
}
