"""The command `locust-native`: Locust's own command with the native core on, or the mock shop."""

import difflib
import os
import sys

_HELP = """Usage: locust-native [options] [UserClass ...]
       locust-native mock-saleor [options]    serve a mock of a shop to test against (mock-saleor --help)

Without mock-saleor it is the command locust with the native core on, and takes its options:
"""


def main() -> int | None:
    """Run `locust-native mock-saleor …`, or Locust with the arguments as they are; gives the exit status."""
    if sys.argv[1:2] == ["mock-saleor"]:
        from .mock_saleor import serve

        return serve(sys.argv[2:])
    if (word := _no_command(sys.argv[1:2])) is not None:
        meant = difflib.get_close_matches(word, ["mock-saleor"])
        print(
            f"locust-native: there is no command {word}{'; did you mean mock-saleor?' if meant else ''}",
            file=sys.stderr,
        )
        return 2
    if sys.argv[1:2] in (["--help"], ["-h"]):
        print(_HELP)
    from .patching.patch import install

    install()
    from locust.main import main as locust_main

    return locust_main()


def _no_command(words: list[str]) -> str | None:
    """The first argument, where it is neither an option nor a user class nor a file, so was meant for a command."""
    for word in words:
        if not word.startswith("-") and not word.isidentifier() and not os.path.exists(word):
            return word
        if difflib.get_close_matches(word, ["mock-saleor"], cutoff=0.8) and not os.path.exists(word):
            return word
    return None


if __name__ == "__main__":
    sys.exit(main())
