export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }] },
  transformIgnorePatterns: ['/node_modules/(?!@deploy-actions/)'],
  // Process-level tests start real bundles; two cores shared with their simulator need room.
  testTimeout: 60_000,
  // Process tests mostly wait for their simulator's clock.
  maxConcurrency: 8,
  coverageProvider: 'v8',
  injectGlobals: true,
}
