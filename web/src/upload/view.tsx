export const Upload = () => <p>…</p>;
