"""Canaille, an identity server, with its memory backend and one OAuth client whose token never runs out."""

import datetime
import os
import secrets

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from waitress import serve

PORT = int(os.environ["WILD_PORT"])
ORIGIN = f"127.0.0.1:{PORT}"

app = create_app(
    {
        "SECRET_KEY": secrets.token_hex(16),
        "SERVER_NAME": ORIGIN,
        "PREFERRED_URL_SCHEME": "http",
        "CANAILLE": {"DATABASE": "memory", "JAVASCRIPT": False},
        "CANAILLE_OIDC": {},
        "CANAILLE_SCIM": {"ENABLE_SERVER": True},
    }
)

with app.app_context(), Backend.instance.session():
    now = datetime.datetime.now(datetime.timezone.utc)
    client = models.Client(
        client_id="wild",
        client_name="wild",
        client_id_issued_at=now,
        redirect_uris=[f"http://{ORIGIN}/"],
        grant_types=["client_credentials"],
        scope=["openid"],
        token_endpoint_auth_method="client_secret_basic",
    )
    Backend.instance.save(client)
    Backend.instance.save(
        models.Token(
            token_id="wild",
            access_token=os.environ["WILD_TOKEN"],
            client=client,
            type="access_token",
            scope=["openid"],
            issue_date=now,
            lifetime=10 * 365 * 86400,
            audience=[client],
        )
    )

# One thread: the memory backend has no locks.
serve(app, host="127.0.0.1", port=PORT, threads=1)
