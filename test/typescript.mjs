/** Loaded before every test file: TypeScript is understood where a single file is run as it stands. */
if (process.argv[1]?.endsWith('.ts')) await import('tsx/esm')
