import { describe, expect, it } from 'vitest';
import css from './tokens.css?raw';

function tokens(scheme: string): Map<string, string> {
  const block = css.split(`scheme='${scheme}'] {`)[1]?.split('}')[0] ?? '';
  return new Map(
    [...block.matchAll(/--rtm-([\w-]+):\s*(#[0-9a-f]{6})/g)].map((m) => [m[1] ?? '', m[2] ?? '']),
  );
}

/** WCAG 2: relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(['light', 'dark'])('%s', (scheme) => {
  const of = tokens(scheme);
  const get = (name: string) => of.get(name) ?? '#000000';
  const tones = ['ok', 'active', 'wait', 'doubt', 'held', 'bad', 'off'];

  it.each(tones)('%s can be read', (tone) => {
    expect(contrast(get(`${tone}-fg`), get(`${tone}-bg`))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(get(`${tone}-fg`), get('surface'))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['canvas', 'surface'])('text can be read on %s', (ground) => {
    expect(contrast(get('text'), get(ground))).toBeGreaterThanOrEqual(7);
    expect(contrast(get('muted'), get(ground))).toBeGreaterThanOrEqual(4.5);
  });
});
