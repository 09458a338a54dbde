"""JupyterHub for a class on one Linux machine. Started by start_hub.py, which says in LSTM_CLASS what was asked for."""

import asyncio
import json
import os
import pwd
import sys
from pathlib import Path

from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.spawner import LocalProcessSpawner, set_user_setuid

sys.path.insert(0, str(Path(__file__).resolve().parent))
import homes

options = json.loads(os.environ.pop("LSTM_CLASS"))
base = Path(options["base"])
people = homes.read_class((base / "class.txt").read_text(encoding="utf-8"))
programs = Path(sys.prefix) / "bin"


class ClassSpawner(LocalProcessSpawner):
    """A student's JupyterLab as a process of this machine, with the rights of an account of its own and with limits."""

    def make_preexec_fn(self, name):
        """What a server does before it becomes the student's: take its limits, and give up all other rights."""
        uid = pwd.getpwnam(homes.account(name)).pw_uid
        become = set_user_setuid(homes.account(name))
        processors = homes.processors_of(uid, sorted(os.sched_getaffinity(0)), options["processors"])

        def before():
            homes.limit(options["memory"] << 20, options["processes"], processors)
            become()

        return before

    def user_env(self, env):
        """The variables that say who and where the student is."""
        name = self.user.name
        home, sockets = base / "homes" / name, homes.sockets_of(name)
        return {**env, "USER": homes.account(name), "HOME": str(home), "JUPYTER_RUNTIME_DIR": str(sockets)}


class PatientProxy(ConfigurableHTTPProxy):
    """A proxy with five tries: where a class is at work it may not be up within the ten seconds that it gets."""

    async def start(self):
        """Start it, again if need be."""
        for _ in range(4):
            try:
                return await super().start()
            except TimeoutError:
                self.log.warning("The proxy was not up in time; trying again.")
        return await super().start()


async def bring_lessons(spawner):
    """Before a server starts: the lessons that the student does not have yet."""
    await asyncio.to_thread(homes.bring_lessons, spawner.user.name, base / "lessons")


c = get_config()  # noqa: F821

c.JupyterHub.bind_url = f"http{'s' if options['certificate'] else ''}://{options['address']}:{options['port']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{options['port'] + 1}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{options['port'] + 2}"
c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = options["certificate"], options["key"]
c.JupyterHub.db_url = f"sqlite:///{base}/hub/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{base}/hub/cookie_secret"
c.JupyterHub.proxy_class = PatientProxy
c.ConfigurableHTTPProxy.command = [str(base / "proxy/node_modules/.bin/configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = f"{base}/hub/proxy.pid"
c.JupyterHub.cleanup_servers = False  # the students' servers go on when the hub is stopped, and are found again

# Whoever is on the list chooses a password at the first login; nobody else gets in.
c.JupyterHub.authenticator_class = "firstuseauthenticator.FirstUseAuthenticator"
c.FirstUseAuthenticator.dbm_path = f"{base}/hub/passwords"
c.FirstUseAuthenticator.create_users = False
c.FirstUseAuthenticator.min_password_length = 8
c.Authenticator.allowed_users = set(people)
c.Authenticator.admin_users = {name for name, teacher in people.items() if teacher}

c.JupyterHub.spawner_class = ClassSpawner
c.Spawner.pre_spawn_hook = bring_lessons
c.Spawner.cmd = [str(programs / "jupyterhub-singleuser")]
c.Spawner.default_url = f"/lab/tree/{homes.LESSONS}/00_start_here.ipynb"
c.Spawner.disable_user_config = True
c.Spawner.env_keep = ["LANG", "LC_ALL"]
c.Spawner.environment = {
    "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
    "JUPYTER_CONFIG_PATH": str(base / "settings"),
    # One thread each: thirty kernels that all want every processor only get into each other's way.
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
c.Spawner.args = [
    "--ServerApp.terminals_enabled=False",
    # Of thirty kernels that start at once and each look for free ports, two may find the same one; the later one dies.
    "--KernelManager.transport=ipc",
    # A kernel that has done nothing for so long ends, then its server. What was saved is in the files.
    f"--MappingKernelManager.cull_idle_timeout={60 * options['idle']}",
    "--MappingKernelManager.cull_interval=60",
    "--MappingKernelManager.cull_connected=True",  # a page that is left open is nobody at work
    f"--ServerApp.shutdown_no_activity_timeout={60 * options['idle']}",
]
# All at once, at nine o'clock.
c.JupyterHub.concurrent_spawn_limit = 0
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
