export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }] },
  transformIgnorePatterns: ['/node_modules/(?!@deploy-actions/)'],
  // Nothing waits in real seconds; this much is for a machine with ten times as much to do as it has cores.
  testTimeout: 240_000,
  // Process tests mostly wait for their simulator's clock.
  maxConcurrency: 8,
  // Every look at a global through the sandbox costs; the AWS SDK looks often.
  sandboxInjectedGlobals: [
    'Array',
    'Buffer',
    'Date',
    'Error',
    'JSON',
    'Map',
    'Math',
    'Number',
    'Object',
    'Set',
    'String',
  ],
  coverageProvider: 'v8',
  injectGlobals: true,
}
