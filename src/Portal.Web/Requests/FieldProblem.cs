namespace Portal.Web.Requests;

/// <summary>What is wrong with one field of the request form, in words.</summary>
/// <param name="Field">The field; null when it is about the whole.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="WhatToDo">What the reader can do about it; null for nothing to say.</param>
/// <param name="Code">The refusal's code; null when the input could not even be understood.</param>
/// <param name="Reference">The other request, where one is in the way; null otherwise.</param>
public sealed record FieldProblem(string? Field, string Message, string? WhatToDo, string? Code, string? Reference = null);
