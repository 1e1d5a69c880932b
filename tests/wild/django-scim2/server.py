"""django-scim2 in the smallest Django project: its default adapters and filters, SQLite in a file, one bearer token."""

import hmac
import os
import secrets

import django
from django.conf import settings
from django.urls import include, path

PORT = int(os.environ["WILD_PORT"])
TOKEN = os.environ["WILD_TOKEN"]

settings.configure(
    SECRET_KEY=secrets.token_hex(16),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="__main__",
    APPEND_SLASH=False,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_scim", "wildapp"],
    AUTH_USER_MODEL="wildapp.User",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "__main__.bearer_token"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(os.environ["WILD_STORE"], "db.sqlite3"),
        }
    },
    SCIM_SERVICE_PROVIDER={
        "SCHEME": "http",
        "NETLOC": f"127.0.0.1:{PORT}",
        "AUTHENTICATION_SCHEMES": [
            {"type": "oauthbearertoken", "name": "Bearer", "description": "A fixed bearer token"},
        ],
        "WWW_AUTHENTICATE_HEADER": 'Bearer realm="wild"',
        "GROUP_MODEL": "wildapp.models.Group",
    },
)
django.setup()

urlpatterns = [path("scim/v2/", include("django_scim.urls"))]


class TokenHolder:
    """Whoever sends the token; not a row of the user table, so that the store begins empty."""

    is_authenticated = True


def bearer_token(get_response):
    """The middleware that logs the holder of the token in; django-scim2 refuses everybody else."""
    from django.contrib.auth.models import AnonymousUser

    def middleware(request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), TOKEN.encode())
        request.user = TokenHolder() if known else AnonymousUser()
        return get_response(request)

    return middleware


if __name__ == "__main__":
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from waitress import serve

    call_command("migrate", run_syncdb=True, verbosity=0)
    serve(get_wsgi_application(), host="127.0.0.1", port=PORT, threads=1)
