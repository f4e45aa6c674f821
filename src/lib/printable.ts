/** Words of others as text reports print them: in one line, and nothing in it steers a terminal. */
export const printable = (text: string): string => text.replace(/\s/g, ' ').replace(/\p{Cc}/gu, '\uFFFD')
