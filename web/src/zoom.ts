/** What part of an image is seen: pixels of the frame are `scale` times pixels of the fitted image, plus an offset. */
export interface View { scale: number; x: number; y: number }
export interface Size { width: number; height: number }
export interface Place { x: number; y: number }

export const FITTED: View = { scale: 1, x: 0, y: 0 };
const MOST = 24;

/** Zoom by a factor so that what is at a place of the frame stays there. */
export function zoomed(view: View, factor: number, at: Place, size: Size): View {
  const scale = Math.min(Math.max(view.scale * factor, 1), MOST);
  const ratio = scale / view.scale;
  return within({ scale, x: at.x - ratio * (at.x - view.x), y: at.y - ratio * (at.y - view.y) }, size);
}

export function panned(view: View, by: Place, size: Size): View {
  return within({ ...view, x: view.x + by.x, y: view.y + by.y }, size);
}

/** Keep the frame filled. */
function within({ scale, x, y }: View, { width, height }: Size): View {
  return { scale, x: Math.min(0, Math.max(x, width * (1 - scale))), y: Math.min(0, Math.max(y, height * (1 - scale))) };
}
