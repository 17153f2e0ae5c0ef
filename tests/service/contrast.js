// Returns the visible texts whose contrast ratio (WCAG 2.2) to their background is below 4.5.
() => {
  const parts = text => {
    const found = text.match(/[\d.]+/g).map(Number);
    return found.length < 4 ? [...found, 1] : found;
  };
  const linear = part => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = color => {
    const [red, green, blue] = color.map(part => linear(part / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backgroundOf = node => {
    for (; node; node = node.parentElement) {
      const paint = parts(getComputedStyle(node).backgroundColor);
      if (paint[3] > 0) return paint;
    }
    return [255, 255, 255, 1];
  };
  const poor = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim());
    if (!own || node.closest('svg') || !node.checkVisibility()) continue;
    const one = light(parts(getComputedStyle(node).color));
    const other = light(backgroundOf(node));
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${node.tagName} ${node.className} ${node.textContent.trim().slice(0, 30)} ${ratio}`);
  }
  return poor;
}
