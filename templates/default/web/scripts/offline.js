// Keeps the edition on this device, so that it can be read without a network.
if ("serviceWorker" in navigator && isSecureContext && !navigator.connection?.saveData) {
  addEventListener("load", () => {
    // Where the browser does not allow it (a private window), reading on line is all there is.
    navigator.serviceWorker.register("service-worker.js").catch(() => {});
  });
}
