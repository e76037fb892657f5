/** Whether we may return to the release of before, should this one not end well, and why not. */
export interface UndoRight {
  allowed: boolean
  why: string
  /** Where the guard forbids it: the schema levels that the release of before expects and that the database has. */
  schema?: { code: string; database: string }
}

export const unguarded: UndoRight = { allowed: true, why: 'No application is given, so no schema level is guarded.' }
