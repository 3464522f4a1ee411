export function nodejsRange(engines: string): string;
