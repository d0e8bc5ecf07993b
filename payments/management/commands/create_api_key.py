"""Make an API key and print its secret, once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import DomainError
from payments.actors import Actor
from payments.models import User
from payments.services import api_keys


class Command(BaseCommand):
    help = "Create an API key with a role. The secret is printed once and stored nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--role", required=True)
        parser.add_argument("--owner", default="", metavar="EMAIL", help="the person who answers for the key")

    def handle(self, *args: Any, name: str, role: str, owner: str, **options: Any) -> None:
        user = User.objects.filter(email__iexact=owner).first() if owner else None
        if owner and user is None:
            raise CommandError(f"There is no user {owner}.")
        try:
            if user is not None:
                api_keys.require_fit(user, role)
            _, secret = api_keys.create(
                name=name, role=role, owner=user, actor=Actor.system("create_api_key"), now=timezone.now()
            )
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(secret)
