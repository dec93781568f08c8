using Microsoft.Extensions.Localization;
using Portal.Core;
using Portal.Web.Resources;

namespace Portal.Web.Components;

/// <summary>A refusal in the reader's words.</summary>
/// <param name="Message">What happened.</param>
/// <param name="WhatToDo">What the reader can do about it; null when there is nothing to say.</param>
/// <param name="Code">The stable code, for support; null when there is none.</param>
public sealed record RefusalText(string Message, string? WhatToDo, string? Code)
{
    /// <summary>Looks the words up by the refusal's code; the next step by its field first, for what to write depends on who reads it. A code without words is shown as it is: better than a wrong sentence.</summary>
    public static RefusalText Of(Refusal refusal, IStringLocalizer<RefusalWords> words)
    {
        var message = words[refusal.Code, refusal.Arguments];
        var next = words[$"{refusal.Code}.{refusal.Field}.next", refusal.Arguments];
        if (next.ResourceNotFound)
            next = words[refusal.Code + ".next", refusal.Arguments];
        return new RefusalText(message, next.ResourceNotFound ? null : next.Value, refusal.Code);
    }
}
