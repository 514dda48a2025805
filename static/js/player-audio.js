// Two audio elements in turn: while one plays, the other loads the next song, so that no pause is heard in between.
export class AudioDeck {
  /** `handlers` are called with events of the element that is current. */
  constructor(handlers) {
    [this.element, this.spare] = [new Audio(), new Audio()];
    for (const element of [this.element, this.spare]) {
      element.preload = "auto";
      for (const [name, handle] of Object.entries(handlers)) {
        element.addEventListener(name, (event) => {
          if (event.target === this.element) handle(event);
        });
      }
    }
  }

  /** Makes a song the current one. One that was prepared begins without a pause. */
  open(src) {
    const before = this.element;
    if (this.isPrepared(src)) {
      [this.element, this.spare] = [this.spare, before];
      this.element.volume = before.volume;
      this.release(before);
    } else {
      this.element.preload = "auto";
      this.element.src = src;
      this.release(this.spare);
    }
  }

  /** Loads the song that is played next. */
  prepare(src) {
    if (this.isPrepared(src)) return;
    this.spare.src = src;
    this.spare.load();
  }

  isPrepared(src) {
    return this.spare.hasAttribute("src") && this.spare.src === new URL(src, location.href).href;
  }

  release(element) {
    element.pause();
    element.removeAttribute("src");
  }

  close() {
    this.release(this.element);
    this.release(this.spare);
  }
}
