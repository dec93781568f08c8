using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using Portal.Core;

namespace Portal.Web.Commands;

/// <summary>How a command ended, as the shell sees it.</summary>
public static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Done = 0;

    /// <summary>Something could not be looked at or done; what it was is on the error output.</summary>
    public const int Incomplete = 1;

    /// <summary>Nothing was done: the command line or the configuration is wrong.</summary>
    public const int Refused = 2;
}

/// <summary>Where a command writes.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">What went wrong, and what is going on.</param>
public sealed record CommandOutput(TextWriter Out, TextWriter Error);

/// <summary>Something that the executable does instead of serving pages.</summary>
/// <param name="Name">The word or the words that call it.</param>
/// <param name="Summary">What it does, in a line.</param>
/// <param name="Description">The rest that whoever uses it has to know.</param>
/// <param name="Options">What it can be told.</param>
/// <param name="RunAsync">Does it and gives the exit code.</param>
public sealed record PortalCommand(string Name, string Summary, string Description, IReadOnlyList<CommandOption> Options, Func<CommandOptions, CommandOutput, CancellationToken, Task<int>> RunAsync);

/// <summary>The commands of the executable. Without one it serves pages.</summary>
public static class PortalCommands
{
    /// <summary>Whether arguments call a command: the first one is a word, no option.</summary>
    public static bool IsCalledBy(IReadOnlyList<string> arguments) => arguments.Count > 0 && !arguments[0].StartsWith('-') && !arguments[0].Contains('=', StringComparison.Ordinal);

    /// <summary>Runs the command that the arguments call, on the console. Ctrl+C and SIGTERM break it off.</summary>
    /// <param name="arguments">All arguments of the executable.</param>
    /// <param name="commands">The commands that there are.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, params IReadOnlyList<PortalCommand> commands)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, BreakOff);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, BreakOff);
        return await RunAsync(arguments, commands, new CommandOutput(Console.Out, Console.Error), stop.Token);

        void BreakOff(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Runs the command that the arguments call.</summary>
    /// <param name="arguments">All arguments of the executable.</param>
    /// <param name="commands">The commands that there are.</param>
    /// <param name="output">Where it writes.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, IReadOnlyList<PortalCommand> commands, CommandOutput output, CancellationToken ct)
    {
        if (arguments[0] == "help")
            return Help(arguments.Count > 1 ? string.Join(' ', arguments.Skip(1)) : null, commands, output);
        // A command of two words is called by both.
        if (commands.FirstOrDefault(c => c.Name.Split(' ') is var words && words.SequenceEqual(arguments.Take(words.Length))) is not { } command)
            return Refuse($"There is no command '{string.Join(' ', arguments.TakeWhile(a => !a.StartsWith('-')).Take(2))}'.", "help", output);
        if (arguments.Contains("--help"))
            return Help(command.Name, commands, output);
        try
        {
            return await command.RunAsync(CommandOptions.Read([.. arguments.Skip(command.Name.Split(' ').Length)], command.Options), output, ct);
        }
        catch (CommandLineException wrong)
        {
            return Refuse(wrong.Message, $"{command.Name} --help", output);
        }
        catch (OptionsValidationException wrong)
        {
            return Refuse(string.Join(Environment.NewLine, wrong.Failures), $"{command.Name} --help", output);
        }
        catch (CloudCallException fault)
        {
            output.Error.WriteLine($"The cloud could not be asked: {fault.Code}: {fault.Message}");
            return ExitCode.Incomplete;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            output.Error.WriteLine("Broken off.");
            return ExitCode.Incomplete;
        }
    }

    private static int Help(string? name, IReadOnlyList<PortalCommand> commands, CommandOutput output)
    {
        var command = commands.FirstOrDefault(c => c.Name == name);
        if (name is not null && command is null)
            return Refuse($"There is no command '{name}'.", "help", output);
        var width = commands.Max(c => c.Name.Length) + 2;
        output.Out.WriteLine(command is null ? $"""
            Without a command, Portal.Web serves the portal's pages. Commands:
            {string.Join(Environment.NewLine, commands.Select(c => $"  {c.Name.PadRight(width)}{c.Summary}"))}
              {"help".PadRight(width)}says more about a command: help {commands[0].Name}
            """ : $"""
            {command.Name}: {command.Summary}

            {command.Description}

            Options:
            {string.Join(Environment.NewLine, command.Options.Select(o => $"  {o.Name + (o.Value is null ? "" : $" <{o.Value}>"),-26}{o.Means}"))}
              {"--help",-26}This text.

            Exit code: {ExitCode.Done} all went well, {ExitCode.Incomplete} something could not be looked at or done, {ExitCode.Refused} nothing was done.
            """);
        return ExitCode.Done;
    }

    private static int Refuse(string what, string help, CommandOutput output)
    {
        output.Error.WriteLine(what);
        output.Error.WriteLine($"Try: dotnet Portal.Web.dll {help}");
        return ExitCode.Refused;
    }
}
