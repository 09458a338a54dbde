// What JupyterLite does not do by itself. build.py puts this into its page.
const waiting = setInterval(() => {
  const app = window.jupyterapp; // as exposeAppInBrowser says
  if (!app) return;
  clearInterval(waiting);
  app.commands.commandExecuted.connect((_, { id }) => {
    // Nothing can interrupt Python here, so the stop button asks whether to restart it.
    if (id === "notebook:interrupt-kernel") app.commands.execute("notebook:restart-kernel");
    // In a narrow window the list of files, which comes with each link, would leave no room for the lesson.
    if (id === "filebrowser:activate" && innerWidth < 800) app.shell.collapseLeft();
  });
}, 20);
