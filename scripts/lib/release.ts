import { execFileSync } from 'node:child_process'

/** The action file at the root of a release tree: the same action, whose bundles stay where the sources are. */
export function rootShim(actionFile: string, name: string): string {
  return actionFile.replace(/^( {2}(?:main|pre|post): )dist\//gm, `$1../actions/${name}/dist/`)
}

/** The bundles that an action file names, relative to it: of `main`, and of `post` where there is one. */
export function bundlesOf(actionFile: string): string[] {
  return [...actionFile.matchAll(/^ {2}(?:main|pre|post): (.+)$/gm)].map(([, bundle]) => bundle!.trim())
}

/** Names siblings by repository and version, for servers and runners that do not know `$/`. */
export function pinnedReferences(workflow: string, repository: string, version: string): string {
  return workflow
    .replace(/^(\s*-?\s*uses: )\$\/actions\/([\w-]+)/gm, `$1${repository}/$2@${version}`)
    .replace(/^(\s*uses: )\$\/(\.github\/workflows\/[\w.-]+)/gm, `$1${repository}/$2@${version}`)
}

/**
 * The repository that `--owner` stands for: `acme` is `acme/deploy-actions`, `acme/ecs` is itself. Undefined for what GitHub takes for no name
 * (docs.github.com: letters, digits and single hyphens in owners, `_` in those of managed users; letters, digits, `.`, `_` and `-` in repositories).
 */
export function releaseRepository(owner: string): string | undefined {
  const [, name, repository = 'deploy-actions'] =
    /^([a-z0-9]+(?:-[a-z0-9]+)*(?:_[a-z0-9]+)?)(?:\/([\w.-]{1,100}))?$/i.exec(owner) ?? []
  if (!name || name.length > 39 || /^\.{1,2}$|\.git$/i.test(repository)) return undefined
  return `${name}/${repository}`
}

/** Whether `text` is a release tag: `v1.4.0`. A moving tag such as `v1` is none, as it may name another commit tomorrow. */
export function isReleaseTag(text: string): boolean {
  return /^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.test(text)
}

/** The files below `root` that are not as their last commit has them, as `git status` lists them; new files are among them, ignored ones are not. */
export function uncommitted(root: string): string[] {
  const status = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' })
  return status.split('\n').filter(Boolean)
}
