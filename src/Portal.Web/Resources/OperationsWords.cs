namespace Portal.Web.Resources;

/// <summary>The words of the operators’ page: <c>OperationsWords.resx</c>.</summary>
public sealed class OperationsWords;
