import { CommandError } from './errors.mjs'

/** @typedef {{ line: number, name: string, rest: string, text: string }} Instruction */

/** Splits a Dockerfile into instructions with their line numbers. @returns {Instruction[]} */
export function parseDockerfile(text) {
  const instructions = []
  let pending = ''
  let startLine = 0
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*#/.test(raw) || (pending === '' && raw.trim() === '')) {
      if (/^#\s*escape\s*=/i.test(raw)) throw new CommandError('the Docker stand-in does not support "# escape="')
      continue
    }
    if (pending === '') startLine = index + 1
    const continued = /\\\s*$/.test(raw)
    pending += continued ? raw.replace(/\\\s*$/, '') : raw
    if (continued) continue
    instructions.push(instruction(pending.trim(), startLine))
    pending = ''
  }
  if (pending) instructions.push(instruction(pending.trim(), startLine))
  return instructions
}

function instruction(text, line) {
  const [, name, rest] = text.match(/^(\S+)\s*(.*)$/s)
  return { line, name: name.toUpperCase(), rest, text: text.replace(/\s+/g, ' ') }
}

/** Words of a shell-form line: quotes group, variables are replaced outside single quotes. */
export function words(text, variables = {}) {
  const found = []
  let word
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (quote === "'") {
      if (character === "'") quote = ''
      else word += character
    } else if (character === '\\' && at + 1 < text.length) word = (word ?? '') + text[++at]
    else if (character === '$') {
      const [value, length] = variable(text.slice(at), variables)
      word = (word ?? '') + value
      at += length - 1
    } else if (quote === '"') {
      if (character === '"') quote = ''
      else word += character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) found.push(word)
      word = undefined
    } else word = (word ?? '') + character
  }
  if (quote) throw new CommandError(`unterminated quote in: ${text}`)
  if (word !== undefined) found.push(word)
  return found
}

function variable(text, variables) {
  const match = text.match(/^\$(?:(\w+)|\{(\w+)(?:(:[-+])([^}]*))?\})/)
  if (!match) throw new CommandError(`the Docker stand-in cannot expand "${text}"`)
  const [all, plain, braced, operator, alternative] = match
  const value = variables[plain ?? braced] ?? ''
  if (operator === ':-') return [value || alternative, all.length]
  if (operator === ':+') return [value ? alternative : '', all.length]
  return [value, all.length]
}

/** The JSON array of an exec form; undefined for a shell form. */
export function execForm(text) {
  if (!text.startsWith('[')) return undefined
  try {
    const list = JSON.parse(text)
    return Array.isArray(list) && list.every((entry) => typeof entry === 'string') ? list : undefined
  } catch {
    return undefined
  }
}

/** `--name=value` options in front of an instruction's arguments. */
export function options(text, known) {
  const found = {}
  let rest = text
  for (let match = rest.match(/^--([\w-]+)(?:=(\S*))?\s+/); match; match = rest.match(/^--([\w-]+)(?:=(\S*))?\s+/)) {
    if (!known.includes(match[1])) throw new CommandError(`the Docker stand-in does not support --${match[1]}`)
    found[match[1]] = match[2] ?? 'true'
    rest = rest.slice(match[0].length)
  }
  return { found, rest }
}
