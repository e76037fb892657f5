/** The action file at the root of a release tree: the same action, whose bundle stays where the sources are. */
export function rootShim(actionFile: string, name: string): string {
  return actionFile.replace(/^( {2}(?:main|pre|post): )dist\//gm, `$1../actions/${name}/dist/`)
}

/** Names siblings by repository and version, for servers and runners that do not know `$/`. */
export function pinnedReferences(workflow: string, repository: string, version: string): string {
  return workflow
    .replace(/^(\s*-?\s*uses: )\$\/actions\/([\w-]+)/gm, `$1${repository}/$2@${version}`)
    .replace(/^(\s*uses: )\$\/(\.github\/workflows\/[\w.-]+)/gm, `$1${repository}/$2@${version}`)
}
