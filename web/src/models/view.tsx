export const Models = () => <p>…</p>;
