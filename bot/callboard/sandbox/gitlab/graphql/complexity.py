"""How complex GitLab takes a query to be, and how much it allows.

By GitLab's documentation ("Limits", "GraphQL API style guide") and by its code: a field costs 1, and 2 when
it reads the repository; some have a price of their own. A field with a resolver costs what is below it and 1,
one more when it is sorted, two more when it asks for labels; and when it is a list, one hundredth of all that
more for each row that it may answer. A list without a resolver is not multiplied.
"""

from __future__ import annotations

from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

MOST = 250
"""For who is signed in."""
_LONGEST_PAGE = 100
_OWN = {
    "Repository.rootRef": 2,
    "MergeRequest.diffHeadSha": 2,
    "MergeRequest.diffStats": 2,
    "MergeRequest.diffStatsSummary": 2,
    "MergeRequest.detailedMergeStatus": 2,
    "MergeRequest.labels": 5,
    "MergeRequest.reviewers": 5,
}
_RESOLVED = {
    "Query.project",
    "Project.issues",
    "Project.mergeRequests",
    "Issue.labels",
    "MergeRequest.notes",
    "MergeRequest.pipelines",
    "Pipeline.jobs",
}


def complexity(schema: GraphQLSchema, document: DocumentNode, variables: dict[str, Any]) -> int:
    """Of all operations of a valid document."""
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }

    def below(parent: GraphQLObjectType, selected: SelectionSetNode | None, given: VariableValues) -> int:
        total = 0
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                total += cost(parent, node, given)
            elif isinstance(node, FragmentSpreadNode):
                total += below(parent, fragments[node.name.value].selection_set, given)
            elif isinstance(node, InlineFragmentNode):
                total += below(parent, node.selection_set, given)
        return total

    def cost(parent: GraphQLObjectType, node: FieldNode, given: VariableValues) -> int:
        field = parent.fields.get(node.name.value)
        if field is None:  # __typename
            return 1
        kind, name = get_named_type(field.type), f"{parent.name}.{node.name.value}"
        children = below(kind, node.selection_set, given) if isinstance(kind, GraphQLObjectType) else 0
        if name not in _RESOLVED:
            return _OWN.get(name, 1) + children
        arguments = get_argument_values(field, node, given)
        total = children + 1 + bool(arguments.get("sort")) + 2 * bool(arguments.get("labelName"))
        if "first" not in field.args:
            return total
        asked = (arguments.get("first"), arguments.get("last"), _LONGEST_PAGE)
        rows = 0 if arguments.get("iids") else min(each for each in asked if each is not None)
        return int(total + total * rows * 0.01)

    total = 0
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode) and schema.query_type:
            values = get_variable_values(schema, each.variable_definitions or (), variables)
            if isinstance(values, VariableValues):
                total += below(schema.query_type, each.selection_set, values)
    return total
