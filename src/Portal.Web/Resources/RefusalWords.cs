namespace Portal.Web.Resources;

/// <summary>What a refusal says, by its code, and what to do, by its code and <c>.next</c>: <c>RefusalWords.resx</c>.</summary>
public sealed class RefusalWords;
