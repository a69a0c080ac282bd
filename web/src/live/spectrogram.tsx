// The live mel spectrogram: asks the daemon for columns only while it can be seen and is not paused.
import { useEffect, useRef, useState } from "preact/hooks";
import { socketUrl } from "../base/url";
import { Socket } from "../net/socket";
import { type MelHead, MelQueue, readFrame } from "./mel";
import { Scroll, SHOWN } from "./scroll";

/** Whether an element can be seen: on the screen, in a page that is looked at. */
const useVisible = (ref: { current: Element | null }): boolean => {
  const [inView, setInView] = useState(false);
  const [looked, setLooked] = useState(!document.hidden);
  useEffect(() => {
    const watch = new IntersectionObserver((entries) => setInView(entries.at(-1)!.isIntersecting));
    watch.observe(ref.current!);
    const turn = (): void => setLooked(!document.hidden);
    document.addEventListener("visibilitychange", turn);
    return () => {
      watch.disconnect();
      document.removeEventListener("visibilitychange", turn);
    };
  }, []);
  return inView && looked;
};

export const Spectrogram = ({ source }: { source: string }) => {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [paused, setPaused] = useState(false);
  const [head, setHead] = useState<MelHead | null>(null);
  const visible = useVisible(canvas);

  useEffect(() => {
    if (!visible || paused) return;
    const queue = new MelQueue();
    let scroll: Scroll | null = null;
    const socket = new Socket({
      url: () => socketUrl("v1/mel", { source }),
      protocol: "genrecast.mel.v1",
      onLink: () => queue.restart(),
      onText: (text) => {
        const message = JSON.parse(text) as MelHead | { type: string };
        if (message.type !== "mel") return;
        const next = message as MelHead;
        queue.restart();
        setHead(next);
        if (scroll) scroll.shape(next.bands, next.hop_s * 1000);
        else scroll = new Scroll(canvas.current!, queue, next.bands, next.hop_s * 1000);
      },
      onBinary: (data) => {
        const frame = readFrame(data);
        if (frame !== null) queue.push(frame);
      },
    });
    return () => {
      socket.close();
      scroll?.stop();
    };
  }, [source, visible, paused]);

  const seconds = head ? Math.round(SHOWN * head.hop_s) : 0;
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>Mel spectrogram</h2>
        <span class="fine-print">
          {head && `last ${seconds} s · ${head.bands} bands up to ${head.sample_rate / 2000} kHz`}
        </span>
        <button type="button" class="small" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {paused ? "Go on" : "Pause"}
        </button>
      </div>
      <canvas
        ref={canvas}
        class="spectrogram"
        role="img"
        aria-label={`What ${source} sounds like now: time from left to right, pitch from bottom to top`}
      />
    </section>
  );
};
