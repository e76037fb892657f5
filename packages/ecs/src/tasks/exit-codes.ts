/** Whether a container was ended by a signal (SIGKILL or SIGTERM), mostly because another one had ended. */
export function isKilled({ exitCode }: { exitCode?: number | undefined }): boolean {
  return exitCode === 137 || exitCode === 143
}
