import type { ComponentChildren } from "preact";
import type { Look } from "./look.js";

interface DrawingProps {
  /** Unique on the page; the elements inside derive their ids from it. */
  id: string;
  title: string;
  /** Says in a sentence what the drawing shows, for those who do not see it. */
  desc: string;
  /** In pixels. The width is that of the surrounding element, so horizontal positions inside are percentages. */
  height: number;
  children: ComponentChildren;
}

/** Draws a chart as one image with a title and a description. */
export function Drawing({ id, title, desc, height, children }: DrawingProps) {
  return (
    <svg id={id} role="img" aria-labelledby={`${id}-t ${id}-d`} width="100%" height={height}>
      <title id={`${id}-t`}>{title}</title>
      <desc id={`${id}-d`}>{desc}</desc>
      {children}
    </svg>
  );
}

interface AreaProps {
  x?: string | number;
  y?: number;
  width: string | number;
  height: number;
  look: Look;
  /** Shown when the pointer rests on the rectangle. */
  tip?: string;
}

/** Draws a rectangle in a color, with its texture on it. */
export function Area({ look, tip, ...place }: AreaProps) {
  return (
    <>
      <rect class={`fill ${look.tone}`} {...place}>
        {tip === undefined ? null : <title>{tip}</title>}
      </rect>
      {look.texture === undefined ? null : <rect fill={`url(#${look.texture})`} {...place} />}
    </>
  );
}

/** Draws the sign of a series beside its name. */
export function Swatch({ look, line = false }: { look: Look; line?: boolean }) {
  return (
    <svg class="swatch" width="14" height="12" aria-hidden="true">
      {line ? (
        <path class={`${look.tone} line`} d="M0 6H14" stroke-dasharray={look.dash} />
      ) : (
        <Area width={14} height={12} look={look} />
      )}
    </svg>
  );
}

/** Defines the textures that `Area` refers to; a page has them once. */
export function Textures() {
  return (
    <svg class="textures" width="0" height="0" aria-hidden="true">
      <defs>
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path class="texture" d="M0 0V6" />
        </pattern>
        <pattern id="dots" width="6" height="6" patternUnits="userSpaceOnUse">
          <circle class="dot" cx="3" cy="3" r="1.2" />
        </pattern>
      </defs>
    </svg>
  );
}
