// A message goes after eight seconds, and stays while it has the focus or the pointer on it.
export function startToasts() {
  for (const toast of document.querySelectorAll('[data-toast]:not(.stays)')) {
    let held = false;
    let due = false;
    const go = () => { if (due && !held) toast.remove(); };
    for (const on of ['focusin', 'pointerenter']) toast.addEventListener(on, () => { held = true; });
    for (const off of ['focusout', 'pointerleave']) toast.addEventListener(off, () => { held = false; go(); });
    setTimeout(() => { due = true; go(); }, 8000);
  }
}
