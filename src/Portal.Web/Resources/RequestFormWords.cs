namespace Portal.Web.Resources;

/// <summary>The words of asking for access: <c>RequestFormWords.resx</c>.</summary>
public sealed class RequestFormWords;
