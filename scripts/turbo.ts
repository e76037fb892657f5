import { turbo } from './lib/turbo.ts'

const [task, ...args] = process.argv.slice(2)
if (!task) throw new Error('Usage: node scripts/turbo.ts <task> [turbo options]')
process.exitCode = turbo(task, ['--output-logs=new-only', ...args])
