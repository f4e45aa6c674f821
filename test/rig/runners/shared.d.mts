type Equal = (actual: unknown, expected: unknown) => unknown
export function sideBySide(equal: Equal): Promise<void>
export function underFakedTimers(equal: Equal): Promise<void>
