// Charts as PNG, drawn by the browser from the chart on the page: twice its size, on white.
(() => {
  "use strict";

  const SCALE = 2;

  // A picture has no style sheet: each variable gives way to the plain colour beside it.
  function plain(svg) {
    const box = svg.viewBox.baseVal;
    const text = new XMLSerializer().serializeToString(svg)
      .replace(/var\(--[\w-]+,\s*(#[0-9a-f]{6})\)/g, "$1")
      .replace("<svg", `<svg width="${box.width}" height="${box.height}" font-family="Liberation Sans, Arial, Helvetica, sans-serif"`);
    return { text, width: box.width * SCALE, height: box.height * SCALE };
  }

  async function png(svg) {
    const { text, width, height } = plain(svg);
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, width, height);
    pen.drawImage(image, 0, 0, width, height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  }

  async function save(button) {
    const svg = button.closest("section").querySelector(".drawing svg");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await png(svg));
    link.download = `${button.dataset.name}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  for (const button of document.querySelectorAll("button.png")) {
    button.hidden = false;
    button.addEventListener("click", () => save(button));
  }
})();
