"""django-scim2-server in the smallest Django project: its default adapters, SQLite in a file, one bearer token."""

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
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_scim2_server"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(os.environ["WILD_STORE"], "db.sqlite3"),
        }
    },
    SCIM2_SERVER_AUTH_CHECK="__main__.has_token",
)
django.setup()

urlpatterns = [path("scim/v2/", include("django_scim2_server.urls"))]


def has_token(request):
    """Who may use the endpoints: the holder of the token. The package's own check wants a superuser's session."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), TOKEN.encode())


if __name__ == "__main__":
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from waitress import serve

    call_command("migrate", verbosity=0)
    serve(get_wsgi_application(), host="127.0.0.1", port=PORT, threads=1)
