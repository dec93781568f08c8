namespace Portal.Web.Resources;

/// <summary>The words of the shell and of what pages share: <c>ShellWords.resx</c>. Each feature has its own such pair.</summary>
public sealed class ShellWords;
