import type { Ecs, ServiceState } from '../types.ts'

/** Lets the scheduler look at the service soon; what changes until then is seen in the same look. */
export function poke(ecs: Ecs, service: ServiceState): void {
  if (service.cancelStep) return
  service.cancelStep = ecs.world.clock.after(ecs.options.schedulerTick, () => {
    service.cancelStep = undefined
    ecs.step(service)
  })
}

/**
 * Lets the scheduler look at the given moment (milliseconds). A later call with the same key replaces the earlier
 * one.
 */
export function wakeAt(ecs: Ecs, service: ServiceState, key: string, at: number, action?: () => void): void {
  service.wakeUps.get(key)?.()
  const sleep = () => {
    const seconds = Math.max(0, (at - ecs.world.clock.now().getTime()) / 1000)
    service.wakeUps.set(key, ecs.world.clock.after(seconds, ring))
  }
  const ring = () => {
    // A timer of the machine may ring a fraction of a millisecond early, which a fast clock makes many; the look
    // would then come to nothing.
    if (ecs.world.clock.now().getTime() < at) return sleep()
    service.wakeUps.delete(key)
    if (action) action()
    else ecs.step(service)
  }
  sleep()
}

export function forget(service: ServiceState, key: string): void {
  service.wakeUps.get(key)?.()
  service.wakeUps.delete(key)
}
