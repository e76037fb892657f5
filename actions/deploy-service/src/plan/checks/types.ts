export interface Check {
  /** `unknown`: the role may not look, or it cannot be told from outside. */
  level: 'ok' | 'problem' | 'warning' | 'unknown'
  text: string
}
