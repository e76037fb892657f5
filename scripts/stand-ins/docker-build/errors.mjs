/** What a user of the command reads; everything else is a defect of the stand-in. */
export class CommandError extends Error {}
