"""Statements word by word, where sqlglot's parser does not know them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import sqlglot
from sqlglot import Token, TokenType

from sagelocal.athena.errors import invalid_request, malformed

Item = TypeVar("Item")
_NAMES = (TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING)


def tokens_of(query: str, dialect: str) -> list[Token]:
    """Split a statement into words; AwsError InvalidRequestException if a quote stays open."""
    try:
        return sqlglot.tokenize(query, read=dialect)
    except sqlglot.errors.SqlglotError as error:
        raise malformed(error) from error


def _words(token: Token) -> list[Token]:
    """Return the words of a token such as `MSCK REPAIR`."""
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) or " " not in token.text:
        return [token]
    return [
        Token(TokenType.VAR, word, line=token.line, col=token.col, start=token.start, end=token.end)
        for word in token.text.split()
    ]


class Cursor:
    """Read a statement from its first word to its last; what does not fit is refused with its place."""

    def __init__(self, query: str, dialect: str = "hive") -> None:
        # the tokenizer takes the rest of some statements for one word, such as that of SHOW: not so in the middle
        tokens = tokens_of(f"( {query}", dialect)[1:]
        self._tokens = [part for token in tokens for part in _words(token)]
        self._text = f"( {query}"
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        return self._place >= len(self._tokens)

    def peek(self, ahead: int = 0) -> str:
        """Return a word in upper case; empty behind the end and for a string."""
        place = self._place + ahead
        token = self._tokens[place] if place < len(self._tokens) else None
        return token.text.upper() if token is not None and token.token_type != TokenType.STRING else ""

    def accept(self, words: str) -> bool:
        """Pass over these words if they are next."""
        wanted = words.split()
        if any(self.peek(ahead) != word for ahead, word in enumerate(wanted)):
            return False
        self._place += len(wanted)
        return True

    def expect(self, words: str) -> None:
        """Pass over these words, which must be next."""
        if not self.accept(words):
            raise self.refusal(words)

    def refusal(self, expected: str) -> Exception:
        """Return the error that something else should be next."""
        if self.is_at_end:
            return invalid_request(f"unexpected end of query. Expecting: {expected}", "MALFORMED_QUERY")
        token = self._tokens[self._place]
        place = f"line {token.line}:{max(token.col - 2, 1) if token.line == 1 else token.col}"
        return invalid_request(f"{place}: mismatched input '{token.text}'. Expecting: {expected}", "MALFORMED_QUERY")

    def _take(self, kinds: Sequence[TokenType] | None, expected: str) -> str:
        if self.is_at_end or (kinds is not None and self._tokens[self._place].token_type not in kinds):
            raise self.refusal(expected)
        self._place += 1
        return self._tokens[self._place - 1].text

    def word(self, expected: str) -> str:
        """Return the next word, whatever it is, as it was written."""
        return self._take(None, expected)

    def string(self, expected: str = "a string") -> str:
        """Return the next word, which must be a string."""
        return self._take((TokenType.STRING,), expected)

    def has_string(self) -> bool:
        """Return whether the next word is a string."""
        return not self.is_at_end and self._tokens[self._place].token_type == TokenType.STRING

    def value(self) -> str:
        """Return the next word, which must be a string or a number."""
        sign = "-" if self.accept("-") else ""
        return sign + self._take((TokenType.STRING, TokenType.NUMBER), "a value")

    def name(self, database: str) -> tuple[str, str]:
        """Return the database and the name that are next, in lower case; `database` where only a name is given."""
        first = self._part()
        if not self.accept("."):
            return database, first
        return first, self._part()

    def _part(self) -> str:
        if self.peek() in ("(", ")", ",", "=", ""):
            return self._take(_NAMES, "a name").lower()
        return self._take(None, "a name").lower()

    def listed(self, item: Callable[[], Item]) -> list[Item]:
        """Return the items of a list in parentheses."""
        self.expect("(")
        found = [item()]
        while self.accept(","):
            found.append(item())
        self.expect(")")
        return found

    def rest(self) -> str:
        """Return the text from here to the end."""
        if self.is_at_end:
            raise self.refusal("a query")
        start = self._tokens[self._place].start
        self._place = len(self._tokens)
        return self._text[start:]

    def rest_without(self, ending: str) -> tuple[str, bool]:
        """Return the text from here to the end, without these words at the end, and whether they were there."""
        words = ending.split()
        last = self._tokens[-len(words) :]
        has_ending = len(last) == len(words) and [token.text.upper() for token in last] == words
        text = self.rest()
        return (text[: len(text) - (len(self._text) - last[0].start)], True) if has_ending else (text, False)

    def end(self) -> None:
        """Refuse whatever is left."""
        if not self.is_at_end:
            raise self.refusal("the end of the query")
