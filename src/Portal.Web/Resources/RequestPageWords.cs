namespace Portal.Web.Resources;

/// <summary>The words of requests as they are listed and shown: <c>RequestPageWords.resx</c>.</summary>
public sealed class RequestPageWords;
