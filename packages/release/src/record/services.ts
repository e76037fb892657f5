import type { RecordState } from './state.ts'

/**
 * Services and their `family:revision` as one text, for records that would grow too large: `web:5` where family and service have the same name, otherwise `web=shop:5`, services that share a
 * revision together (`web,worker=shop:5`), separated by spaces. Names of services and families hold none of these characters (ECS API: CreateService, RegisterTaskDefinition).
 */
export function packServices(services: Record<string, string>): string {
  const byRevision = Map.groupBy(Object.keys(services), (service) => services[service]!)
  return [...byRevision]
    .map(([revision, names]) =>
      names.length === 1 && revision.startsWith(`${names[0]}:`) ? revision : `${names.join(',')}=${revision}`,
    )
    .join(' ')
}

/** Reads what `packServices` wrote; undefined for any other text. */
export function unpackServices(text: string): Record<string, string> | undefined {
  const entries = text === '' ? [] : text.split(' ').map(unpackEntry)
  return entries.includes(undefined) ? undefined : Object.fromEntries(entries.flatMap((entry) => entry ?? []))
}

function unpackEntry(entry: string): [string, string][] | undefined {
  const [, names, family = '', revision] = /^(?:([^=]+)=)?([^:=,]+):(\d+)$/.exec(entry) ?? []
  if (revision === undefined) return undefined
  return (names ?? family).split(',').map((name) => [name, `${family}:${revision}`])
}

/** The state as it is stored: readable as long as there is room, with packed services where there is not. */
export function storedForm(state: RecordState, largest: number): object {
  return bytesOf(state) <= largest ? state : packed(state)
}

export function packed({ attempt, releases, ...state }: RecordState): object {
  const pack = <T extends { services: Record<string, string> }>(entry: T) => ({
    ...entry,
    services: packServices(entry.services),
  })
  return { ...state, releases: releases.map(pack), ...(attempt && { attempt: pack(attempt) }) }
}

export function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value))
}
