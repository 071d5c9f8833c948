export interface Announcement {
  readonly text: string;
  readonly platforms: readonly string[];
}

export const platforms = ['1', '2a', '2b'];

export let announcements: readonly Announcement[] = []; // @here

export function announce(text: string): void {
  announcements = [...announcements, { text, platforms: platforms.slice(1) }];
}
