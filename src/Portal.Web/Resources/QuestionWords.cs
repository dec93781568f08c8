namespace Portal.Web.Resources;

/// <summary>The words of the questions that auditors ask, and of their answers.</summary>
public sealed class QuestionWords;
