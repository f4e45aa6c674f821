/**
 * Loaded before the commands and their schemas: a command reads its files once, and code that zod would make for every
 * schema takes longer than it saves. Only here: a program that uses the library has a zod of its own to set.
 */
import { config } from 'zod'

config({ jitless: true })
