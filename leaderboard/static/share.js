// Charts as PNG, drawn by the browser from the chart on the page: twice its size, on white.
(() => {
  "use strict";

  const SCALE = 2;

  const FONT = "Liberation Sans, Arial, Helvetica, sans-serif";

  // A picture has no style sheet: each variable gives way to the plain colour beside it.
  async function picture(svg) {
    const text = new XMLSerializer().serializeToString(svg)
      .replace(/var\(--[\w-]+,\s*(#[0-9a-f]{6})\)/g, "$1")
      .replace("<svg", `<svg font-family="${FONT}"`);
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await image.decode();
    return image;
  }

  // Panels and legend where they stand on the page.
  async function png(drawing) {
    const frame = drawing.getBoundingClientRect();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [drawing.scrollWidth, drawing.scrollHeight].map((n) => n * SCALE);
    const pen = canvas.getContext("2d");
    pen.scale(SCALE, SCALE);
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.translate(drawing.scrollLeft - frame.left, -frame.top);
    for (const svg of drawing.querySelectorAll("svg")) {
      const box = svg.getBoundingClientRect();
      pen.drawImage(await picture(svg), box.left, box.top, box.width, box.height);
    }
    pen.fillStyle = "#1b1b1f";
    pen.font = `14px ${FONT}`;
    pen.textBaseline = "middle";
    for (const sign of drawing.querySelectorAll(".signs li")) {
      const box = sign.querySelector("svg").getBoundingClientRect();
      pen.fillText(sign.textContent.trim(), box.right + 4, (box.top + box.bottom) / 2);
    }
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  }

  async function save(button) {
    const drawing = button.closest("section").querySelector(".drawing");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await png(drawing));
    link.download = `${button.dataset.name}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  for (const button of document.querySelectorAll("button.png")) {
    button.hidden = false;
    button.addEventListener("click", () => save(button));
  }
})();
