const architectures: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64' }
const implied: Record<string, string> = { 'amd64/v1': 'amd64', 'arm64/v8': 'arm64', arm: 'arm/v7' }

/**
 * One name for one platform, as the builder makes it (containerd/platforms, Normalize): `linux/arm64/v8` is
 * `linux/arm64`, `linux/arm` is `linux/arm/v7`.
 */
export function normalPlatform(platform: string): string {
  const [os, architecture = '', ...variant] = platform.split('/')
  const machine = [architectures[architecture] ?? architecture, ...variant].join('/')
  return `${os}/${implied[machine] ?? machine}`
}
