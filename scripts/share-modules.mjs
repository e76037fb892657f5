// ncc copies a module into every chunk that needs it, and an action's `post`, a bundle of its own, has the AWS SDK once more. Run in an action's
// folder after its bundles were built: what a chunk has in common with an earlier one is imported from there, so that a package ships it once.
// A chunk is a table of functions; importing it runs none of them, and a bundle still knows only the modules that it was built with.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const moduleText = /^\/\*\*\*\/ (\d+):\n(\/\*\*\*\/ \((?:function)?\([^\n]*\{\n[\s\S]*?\n\/\*\*\*\/ \}\))/gm

const known = new Map()
for (const file of [...globSync('dist/*.index.js').sort(), ...globSync('dist/post/*.js').sort()]) {
  const from = new Set()
  const own = new Map()
  const body = readFileSync(file, 'utf8').replace(moduleText, (whole, id, text) => {
    const earlier = known.get(id)
    if (!earlier || !covers(earlier.text, text)) {
      own.set(id, { file, text })
      return whole
    }
    from.add(earlier.file)
    return `/***/ ${id}: ${nameOf(earlier.file)}[${id}]`
  })
  // Only chunks of main are imported from: those of post have the same file names.
  if (path.dirname(file) === 'dist') for (const [id, one] of own) if (!known.has(id)) known.set(id, one)
  const imports = [...from].map((chunk) => {
    const relative = path.relative(path.dirname(file), chunk)
    return `import { modules as ${nameOf(chunk)} } from "${relative.startsWith('.') ? relative : `./${relative}`}";\n`
  })
  if (from.size > 0) writeFileSync(file, imports.join('') + body)
}

/** Whether both are the same module, and the earlier has every export that the later has: webpack drops the name of one that nothing uses. */
function covers(earlier, later) {
  const lines = bodyOf(earlier)
  const wanted = bodyOf(later)
  const code = (line) => line.replace(/^(exports\.[\w$]+|__webpack_unused_export__) = /, '')
  const same = (line, index) => {
    const other = lines[index] ?? ''
    return line === other || (line.startsWith('__webpack_unused_export__ = ') && code(line) === code(other))
  }
  return lines.length === wanted.length && wanted.every(same)
}

/** Without the first line, which only names the parameters. */
function bodyOf(text) {
  return text.replace('var __webpack_unused_export__;\n', '').split('\n').slice(1)
}

function nameOf(chunk) {
  return `chunk${path.basename(chunk, '.index.js')}`
}
