using System.Text.RegularExpressions;
using Portal.Core;
using Portal.Tests.Architecture;
using Portal.Web.Commands;

namespace Portal.Tests.Commands;

/// <summary>What the executable makes of its arguments.</summary>
public sealed partial class PortalCommandsTests
{
    private static readonly CommandOption[] Options =
    [
        new("--apply", null, "Do it."), new("--name", "text", "A name."), new("--id", "id", "Ids.", Repeats: true), new("--age", "time", "An age."), new("--speed", "n", "A speed."),
    ];

    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private CommandOptions? _given;

    [Theory]
    [InlineData(false)]
    [InlineData(false, "--urls", "http://localhost:5090")]
    [InlineData(false, "urls=http://localhost:5090")]
    [InlineData(true, "sweep")]
    [InlineData(true, "swep", "--apply")]
    public void A_first_word_calls_a_command_and_options_alone_serve_pages(bool calls, params string[] arguments) => Assert.Equal(calls, PortalCommands.IsCalledBy(arguments));

    [Fact]
    public async Task Options_come_with_a_value_behind_a_space_or_an_equals_sign_and_some_of_them_more_than_once()
    {
        Assert.Equal(7, await RunAsync("try", "--apply", "--name=a=b", "--id", Guid.Empty.ToString(), $"--id={new Guid("9e10c0de-2222-4000-8000-00000000c001")}", "--age", "1.5h", "--speed=2.5"));
        Assert.True(_given!.Has("--apply"));
        Assert.Equal(["a=b"], _given.All("--name"));
        Assert.Equal([Guid.Empty, new Guid("9e10c0de-2222-4000-8000-00000000c001")], _given.Guids("--id"));
        Assert.Equal(TimeSpan.FromMinutes(90), _given.Time("--age"));
        Assert.Equal(2.5, _given.Number("--speed", 1, 10));
        Assert.Null(_given.Number("--name2", 1, 10));
    }

    [Fact]
    public void Whoever_is_told_to_run_a_command_is_told_how_it_is_called()
    {
        var texts = SourceTree.Files("src", ".cs", ".resx").Concat(SourceTree.Files("docs", ".md").Where(f => !f.Path.StartsWith("docs/decisions/", StringComparison.Ordinal)))
            .Append(("README.md", File.ReadAllText(Path.Combine(SourceTree.Root, "README.md")))).ToList();
        Assert.Empty(texts.SelectMany(f => NoSuchProgram().Matches(f.Item2).Select(m => $"{f.Item1}: {m.Value}")));
        Assert.Equal(2, NoSuchProgram().Count("Run 'portal audit verify'.\nPortal.Web audit verify\ndotnet Portal.Web.dll audit verify\nan actor named \"portal audit verify\""));
    }

    // Between quotation marks it is an actor's name; to be run is what stands between others, or begins a line.
    [GeneratedRegex(@"(?:['`]|^)(?:portal|Portal\.Web) (?:audit|sweep)\b", RegexOptions.Multiline)]
    private static partial Regex NoSuchProgram();

    [Theory]
    [InlineData("There is no command 'swep'.", "swep")]
    [InlineData("There is no option --aply.", "try", "--aply")]
    [InlineData("--apply takes no value.", "try", "--apply=yes")]
    [InlineData("--apply is given twice.", "try", "--apply", "--apply")]
    [InlineData("--name needs a value: text.", "try", "--name")]
    [InlineData("--name needs a value: text.", "try", "--name", "--apply")]
    [InlineData("'yes' is not expected here.", "try", "--apply", "yes")]
    [InlineData("There is no command 'swep'.", "help", "swep")]
    public async Task What_cannot_be_understood_is_named_and_nothing_is_done(string message, params string[] arguments)
    {
        Assert.Equal(ExitCode.Refused, await RunAsync(arguments));
        Assert.StartsWith(message, _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("Try: dotnet Portal.Web.dll", _error.ToString(), StringComparison.Ordinal);
        Assert.Null(_given);
    }

    [Theory]
    [InlineData("--age", "soon")]
    [InlineData("--age", "5")]
    [InlineData("--age", "-5m")]
    [InlineData("--age", "99999999d")]
    [InlineData("--age", "m")]
    [InlineData("--id", "payments")]
    [InlineData("--speed", "0")]
    [InlineData("--speed", "NaN")]
    public async Task A_value_that_makes_no_sense_is_refused(string option, string value)
    {
        await RunAsync("try", option, value);
        Assert.Throws<CommandLineException>(object? () => option switch
        {
            "--age" => _given!.Time(option),
            "--id" => _given!.Guids(option),
            _ => _given!.Number(option, 1, 10),
        });
    }

    [Fact]
    public async Task Help_names_every_command_and_every_option()
    {
        Assert.Equal(ExitCode.Done, await RunAsync("help"));
        Assert.Contains("try", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, await RunAsync("try", "--apply", "--help"));
        Assert.All(Options, o => Assert.Contains(o.Name, _out.ToString(), StringComparison.Ordinal));
        Assert.Null(_given);
    }

    [Fact]
    public async Task A_cloud_that_cannot_be_asked_is_told_in_a_line()
    {
        var fails = new PortalCommand("fail", "Fails.", "", [], (_, _, _) => throw new CloudCallException("NoAnswer", "No answer within 30 s.", null, isTransient: true));
        Assert.Equal(ExitCode.Incomplete, await PortalCommands.RunAsync(["fail"], [fails], new CommandOutput(_out, _error), TestContext.Current.CancellationToken));
        Assert.Equal("The cloud could not be asked: NoAnswer: No answer within 30 s.", _error.ToString().Trim());
    }

    private Task<int> RunAsync(params string[] arguments) => PortalCommands.RunAsync(
        arguments,
        [
            new PortalCommand("try", "Tries.", "For tests.", Options, (options, _, _) =>
            {
                _given = options;
                return Task.FromResult(7);
            }),
        ],
        new CommandOutput(_out, _error),
        TestContext.Current.CancellationToken);
}
