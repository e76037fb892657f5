export { compareLevels, type LevelComparison, type LevelRelation } from './levels/compare.ts'
export {
  decodeMigrations,
  encodeMigrations,
  type ImageSchema,
  LABELS,
  noSchema,
  schemaFromLabels,
  schemaLabels,
} from './levels/labels.ts'
export { isMigration, readMigrations } from './levels/read-migrations.ts'
export {
  compareNames,
  type Migration,
  noLevel,
  parseLevel,
  type SchemaLevel,
  schemaLevel,
  sortMigrations,
} from './levels/schema-level.ts'
