import Bowser from 'bowser';

/** The program that a session was opened with, as people know it: `Chrome 156 · Linux`. Others than browsers go by what they send. */
export function programOf(userAgent: string): string {
  if (!/^(Mozilla|Opera)\//.test(userAgent)) return userAgent;
  const { browser, os } = Bowser.parse(userAgent);
  const version = browser.version?.split('.')[0];
  const known = [browser.name && [browser.name, version].filter(Boolean).join(' '), os.name].filter(Boolean);
  return known.length === 0 ? userAgent : known.join(' · ');
}
