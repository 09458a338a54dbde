// What JupyterLite does not do by itself. build.py puts this into its page.
const named = new URLSearchParams(location.search).has("path");
let lab;
// Because of exposeAppInBrowser, JupyterLite puts itself there just before it starts.
Object.defineProperty(window, "jupyterapp", { get: () => lab, set: prepare });

function prepare(app) {
  lab = app;
  // An address that names a lesson opens that lesson alone. Any other that was left open would start a Python of its
  // own first, and in a narrow window it would hide the one that was asked for.
  if (named) app.serviceManager.workspaces.fetch = async () => ({ data: {}, metadata: {} });
  // In a narrow window the list of files, which every link opens, would leave no room for the lesson.
  const makeRoom = () => innerWidth < 800 && app.shell.collapseLeft();
  app.shell.currentChanged.connect(makeRoom);
  app.commands.commandExecuted.connect((_, { id }) => {
    if (id === "filebrowser:activate") makeRoom();
    // Nothing can interrupt Python here, so the stop button asks whether to restart it.
    if (id === "notebook:interrupt-kernel") app.commands.execute("notebook:restart-kernel");
  });
}
